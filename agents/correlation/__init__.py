"""Compares two lists of records about the same entities, over all of both. Knows no Django, no rows and no model.

fault      what cannot be compared, in words for whoever asked
rows       records out of a text: JSON, or a JSON object on each line
pairing    which fields mean the same on both sides
cells      the values of a field as columns: text, number, time
compare    joins by keys, compares with tolerances, puts each mismatch in its class
outcome    what came of it: a summary of bounded size, and the list
"""
