"""The Python client: what an agency's document system uses to talk to the gateway.

    async with GatewayClient("https://truc.example.vn", token=token) as gateway:
        accepted = await gateway.submit(Path("cong-van.edxml"))
        async for item in gateway.deliveries():
            await gateway.fetch(item.delivery_id, Path("inbox"))
            await gateway.acknowledge(item.delivery_id)

`Collector` hands each delivery to a function exactly once, whatever dies in between. The client needs none of the
gateway's own rooms but the words (`model`) and the wire format (`edxml`).
"""

from gateway.client.collector import Collector, Decline, Handover
from gateway.client.gateway import GatewayClient
from gateway.client.journal import Journal, JournalTaken
from gateway.client.life_results import Content, Related, Unmatched, UnmatchedPage
from gateway.client.packets import Parts, Progress, Source
from gateway.client.problem import Problem, TransferDamaged, Unreachable
from gateway.client.results import (
    Accepted,
    Agency,
    Asked,
    Change,
    DeliveryAnswered,
    Dispatch,
    Evidence,
    Examination,
    Fetched,
    Finding,
    Inbox,
    InboxItem,
    Processing,
    Recall,
    Refusal,
    Refusals,
    Reported,
)
from gateway.client.webhooks import WebhookRejected, verify_webhook
from gateway.client.wire import Patience

__all__ = [
    "Accepted",
    "Agency",
    "Asked",
    "Change",
    "Collector",
    "Content",
    "Decline",
    "DeliveryAnswered",
    "Dispatch",
    "Evidence",
    "Examination",
    "Fetched",
    "Finding",
    "GatewayClient",
    "Handover",
    "Inbox",
    "InboxItem",
    "Journal",
    "JournalTaken",
    "Parts",
    "Patience",
    "Problem",
    "Processing",
    "Progress",
    "Recall",
    "Refusal",
    "Refusals",
    "Related",
    "Reported",
    "Source",
    "TransferDamaged",
    "Unmatched",
    "UnmatchedPage",
    "Unreachable",
    "WebhookRejected",
    "verify_webhook",
]
