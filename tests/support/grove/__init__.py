# SPDX-License-Identifier: MIT
"""The toolkit of the integration and browser tests. docs/testing.md introduces it; each file is one tool."""
