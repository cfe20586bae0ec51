"""Upkeep: what is looked at and done daily, weekly and monthly, step by step.

`running` goes through the steps of `plans`; each other module is one part of the service.
"""
