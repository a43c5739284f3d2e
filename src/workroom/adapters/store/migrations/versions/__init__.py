"""One file per migration, numbered; never changed once released."""
