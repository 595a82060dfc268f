"""Test vectors: a good packet plus one named fault, and the reason it must be refused for; and packets of the field's
odd but lawful kinds, which must be admitted.

`VECTORS` are those of steps 1 to 3, which need nothing but bytes. Seals (`seal.py`) and authority need certificates and
a directory and are tried by the tests of their rooms.
"""
