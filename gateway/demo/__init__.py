"""The demo: the whole line with invented agencies and throwaway keys, told as it happens.

`stage` founds a throwaway installation, `cast` and `papers` are who sends what, `actors` are the recipients, `story` is
the acts, `performance` the evening as a whole, `output` what it leaves for whoever checks it with other programs.
"""

from gateway.demo.performance import run

__all__ = ["run"]
