"""Who somebody is: accounts, sessions, what tokens say, and how often one may try."""
