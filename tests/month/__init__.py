"""A month of one province: every document of every working day through the real line, in virtual time.

`python -m tests.month` plays it and prints the clerk's numbers; `test_month.py` plays a small one and holds it to them.
"""
