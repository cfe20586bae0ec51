"""`python -m central_config` is the command `central-config`."""

import sys

from central_config.cli.main import main

sys.exit(main())
