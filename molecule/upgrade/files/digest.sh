#!/bin/bash
# What a database holds: of each table the number of rows and a checksum of what is in them, one line each. Expects the
# database, and a file with the questions, which is made for the tables and columns of that database if it is not there:
# what a later version adds is not asked for. What files/client.py logs is left out.
set -euo pipefail
database=$1 questions=$2

ask() { runuser -u postgres -- psql --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 "$database"; }

[ -e "$questions" ] || ask > "$questions" << 'END'
SELECT format(
  'SELECT %L, count(*), md5(string_agg(r, E''\n'' ORDER BY r)) FROM (SELECT ROW(%s)::text AS r FROM %I %s) AS t;',
  table_name, string_agg(quote_ident(column_name), ', ' ORDER BY ordinal_position), table_name,
  CASE WHEN 'run_uuid' = ANY (array_agg(column_name::text))
         THEN 'WHERE run_uuid NOT IN (SELECT run_uuid FROM tags WHERE key = ''client'')'
       WHEN table_name = 'experiments' THEN 'WHERE name <> ''client''' END)
FROM information_schema.columns
WHERE table_schema = 'public' AND table_name NOT LIKE 'alembic%'
GROUP BY table_name ORDER BY table_name
END
ask < "$questions"
