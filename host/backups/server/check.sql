-- For sqlite3: `ok`, or what is damaged. Constraints are the application's own, and so may be their functions.
PRAGMA trusted_schema = OFF;
PRAGMA ignore_check_constraints = ON;
PRAGMA quick_check(1);
