"""The story: a packet is taken in, carried to each addressee, followed and proven.

Invariants, kept at every instant and across every crash (tests/exchange proves each):

1. A receipt exists only for a dispatch whose document, deliveries and ledger entry were committed in one transaction.
2. One packet of one peer is one dispatch, however often it is submitted; every submission gets the same receipt bytes.
3. One new document of one agency (its DocumentId) is one dispatch; other bytes under that id are refused and recorded.
4. A dispatch has one delivery per agency, whichever and however many of its identifiers were written.
5. A delivery that is acknowledged, refused, expired or withdrawn never changes again.
6. An attempt is registered before it is made; at most one attempt of a delivery is open.
7. Every change above has its entry in the ledger, at an index assigned in the transaction that made the change.
8. A checkpoint is signed only for a tree that extends every tree signed before.
9. A status packet is kept and delivered whatever it speaks of, in whatever order; what it is matched to is a document
   between the two agencies it names.
10. What was withdrawn is never handed over, and what its addressee gave back is never handed over again.
11. A change is made to documents of its own sender alone; at each delivery it concerns it is answered once.
12. No document supersedes itself, over however many versions.
13. In one year a number of an agency has one first bearer; every other document under it says whom it repeats.
14. Every event becomes one notice for each webhook of the peers it concerns; of one dispatch, none overtakes another.
15. A reminder of one thing owed, at one step of escalation, is recorded once; it is sent after it is recorded.
"""
