"""SQL of the access feature, by what it concerns.

`users`, `roles`, `keys` and `sessions` serve their administration; `principals` answers who a token
is; `signals` tells other processes what to forget.
"""

from central_config.access import tables as tables  # the statements are text; this registers them
