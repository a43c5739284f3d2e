"""What a child of the tests' server finds on its path; here only so that nobody else does."""
