-- For sqlite3: a line for each table, its name and how many rows it has, into the file `rows`. Not of virtual ones, whose module may
-- be the application's own; the tables that they keep their content in are counted.
.output counts.sql
SELECT 'SELECT ' || quote(replace(replace(name, char(9), ' '), char(10), ' ')) || ' || char(9) || count(*) FROM "'
  || replace(name, '"', '""') || '";'
FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name;
.output rows
.read counts.sql
.output stdout
