"""A tiny file of word vectors: a number each for money, mail and guarding, and one for nothing."""

LINES = """\
the 0.1 0.1 0.1 1
payments 1 0 0 0.1
stripe 0.8 0 0 0.5
billing 0.9 0.1 0 0.2
invoices 1 0.1 0 0.1
smtp 0 1 0 0.1
notifications 0.1 0.8 0 0.4
letters 0 1 0.1 0
password 0 0 1 0.1
gateway 0 0.1 0.2 0.9
"""
