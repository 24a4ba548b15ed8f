# SPDX-License-Identifier: MPL-2.0
"""What an environment is: pydantic models alone. Only `load.py` knows Pulumi, and only `stackfile.py` knows YAML."""
