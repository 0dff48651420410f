"""Evaluation items found inside documents: what is looked for, where it was found, and what is done about it.

`config` what a user sets; `layouts` and `items` read item sets; `index` prepares them; `match` finds them; `decide`
applies the thresholds. Nothing here needs Beam, torch or a network, so tuning data is checked by the same code.
"""
