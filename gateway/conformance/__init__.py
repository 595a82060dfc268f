"""The partner's test kit: the standard scenarios of an exchange, played against a gateway or against a client system.

`scenarios` are played by two partners through a gateway somewhere (`gateway conformance --against URL`); `trials` are
set for a vendor's system by a sandbox gateway with a partner that follows a script (`gateway conformance serve`). Both
end in a signed report. A partner speaks the native dialect or the axis', and a scenario does not know which.
"""

from gateway.conformance.play import Outcome, Result, play_all
from gateway.conformance.report import Report, report_note
from gateway.conformance.settings import PartnersFault, load
from gateway.conformance.trials import TRIALS

__all__ = ["TRIALS", "Outcome", "PartnersFault", "Report", "Result", "load", "play_all", "report_note"]
