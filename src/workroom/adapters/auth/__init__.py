"""Authentication: tokens (``jwt``), the keys behind them (``keys``, ``jwks``), and passwords."""
