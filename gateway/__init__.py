"""Trục: the exchange gateway of a national document axis. The life of a document, and where it is told:

     0  ready?           can a receipt given now be kept?                 exchange.line
     1  receive          attachments leave the body as it arrives         edxml.cut
     1a seen before?     then the same receipt, byte for byte             exchange.intake
     2  parse            what the bytes say: a Claim                      edxml.parse, edxml.read
     3  validate         form: the schema, the rules of Decree 30         edxml.validate, rules.form
     4  check            authority: who may send what to whom             rules.authority
     5  verify           the seal: a Claim becomes a Packet               trust.verify
     6  seal             the gateway's signed receipt                     ledger.receipt, trust.seal
     7  record           one transaction: the point of no return          store.admission
     8  receipt          to the sender                                    exchange.intake
     9  deliver          pulled by, or pushed to, each addressee          exchange.courier, exchange.push
    10  acknowledge      the addressee's statement, or silence            exchange.courier, exchange.watch
    11  prove            a file that checks offline                       exchange.proving, ledger.case

`rules.examine` decides steps 2 to 5, `exchange.intake.accept` is steps 0 to 8. A room imports only rooms above it:
model, edxml, trust, rules, ledger, store, exchange, http, client, config, app, demo, cli.
"""

__version__ = "0.1.0"
