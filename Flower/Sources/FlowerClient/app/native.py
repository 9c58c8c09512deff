"""Stands for the programs in Swift: `flwr build` looks up the names in pyproject.toml, and nothing runs them."""

swift = None
