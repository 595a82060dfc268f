"""The console: pages for people, rendered here, working without scripts and better with them.

Every page passes one threshold (`threshold.py`): who is asking, may they, and is a form of ours what came. Pages are
rows of tables (`page.Page`), gathered in `doors_of_people.py`; templates and styles lie beside the code.
"""
