"""The watch over what enters and leaves a model: what is counted, and what it means.

Arrays in, numbers out; nothing here knows a project. ``gathering`` counts a window in
bounded memory, ``inputs`` measures items, ``shifts`` and ``outcomes`` test, ``shapes`` says
how a change came, ``verdicts`` weighs all of it, and ``outliers`` groups what is unlike
everything that was learned from.
"""
