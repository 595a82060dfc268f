"""The folder connector: for agencies whose system can only read and write files.

    outbox/     what is to be sent: NAME.edxml, or NAME/ or NAME.zip with the packet and its attachments beside it; and
                NAME.status, what was done with a document received
    sent/       what the gateway accepted, each with NAME.receipt.xml
    refused/    what it refused, each with NAME.refused.txt for people and NAME.refused.json for programs
    inbox/      what came: a folder for each delivery with the packet, its attachments and delivery.json
    news/       what happened to what was sent: a small JSON file for each step

The folders are the state. A file leaves the outbox after its receipt lies durably in `sent`; a connector killed before
that sends it again, and gets the same receipt: the gateway knows a packet by its digest. A delivery is acknowledged
after its folder lies durably in `inbox`. Nothing is ever written over.
"""

from gateway.client.connector.connector import Connector, Tell
from gateway.client.connector.settings import Settings, SettingsFault, example, load

__all__ = ["Connector", "Settings", "SettingsFault", "Tell", "example", "load"]
