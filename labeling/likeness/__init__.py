"""When two items are nearly the same: pure functions of texts, pictures and rows.

A sketch is what is kept of an item to find those like it: a key, which items share that
are the same to a reader; bands, of which near-duplicates share at least one; and a
signature, by which two items that share a band are compared. Other items may share a
band by chance, and none is ever taken for alike without a look at both signatures.
"""
