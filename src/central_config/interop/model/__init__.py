"""Configuration files of other tools, read and written: pure functions, no I/O.

    from central_config.interop.model.formats import Format, guess_format, parse, render

`parse(text, format, ...)` returns `Parsed(entries, notices)` or raises `ParseError`;
`render(values, format, ...)` returns the text and its notices;
`guess_format(filename, text)` returns a `Format` or None.

Names: nested maps become `/`-joined keys. A `.properties` name is split at its dots, a variable of
a `.env` file and a data key of a ConfigMap is one segment, an INI option is `section/option`. What
a key cannot hold becomes `_` with a notice; two names that become one key are an error.

Values: lists are one value unless asked otherwise; empty maps and lists are values. `.env`,
`.properties` and INI hold text, and text it stays. Where readers of YAML 1.1 and 1.2 disagree
(`no`, `12:30`, `0644`), text stays text and is noted.

Walk it top down: `formats` (the doors), then one module for each format, then `naming`, `tree`,
`scalars`, `references`, `flat`, and `terms` with the words all of them use.
"""
