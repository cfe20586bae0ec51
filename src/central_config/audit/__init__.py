"""Who did what, when, from where: written with the change it records, chained by hashes.

Owns the audit log and its chains. Start with `model` (what an event is and how it is hashed), then
`service`.
"""
