-- What `app` and `deploy` may do, whatever was changed by hand. Expects the variable "database".
set client_min_messages = warning;

select format('create role %I', name) from unnest(array['app', 'deploy']) name
  where not exists (select from pg_roles where rolname = name) \gexec
alter role app login inherit nosuperuser nocreatedb nocreaterole noreplication nobypassrls;
alter role deploy login inherit nosuperuser nocreatedb nocreaterole noreplication nobypassrls;
select format('revoke %I from app', roleid::regrole) from pg_auth_members where member = 'app'::regrole \gexec

select format('create database %I owner app template template0 encoding ''UTF8''', :'database')
  where not exists (select from pg_database where datname = :'database') \gexec
alter database :"database" owner to app;
revoke all on database :"database" from public;

-- The operator: every row, to read and to write, the statistics, and an end to a query that hangs. Tables are the application's.
grant connect, temporary on database :"database" to deploy;
grant pg_read_all_data, pg_write_all_data, pg_monitor, pg_signal_backend to deploy;
