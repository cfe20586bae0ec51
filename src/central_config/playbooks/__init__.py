"""The runbook as a command: diagnose, plan, act, verify.

Start with `model`, then `service`; `commands` are what an operator types.
"""
