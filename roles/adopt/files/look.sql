-- What a database of MLflow has, as JSON.
SELECT json_build_object(
  'schema', (SELECT version_num FROM alembic_version),
  'counts', json_build_object(
    'experiments', (SELECT count(*) FROM experiments),
    'runs', (SELECT count(*) FROM runs),
    'metric values', (SELECT count(*) FROM metrics),
    'params', (SELECT count(*) FROM params),
    'model versions', (SELECT count(*) FROM model_versions)),
  'newest', (SELECT to_char(to_timestamp(max(start_time) / 1000.0) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') FROM runs),
  'places', (SELECT coalesce(json_object_agg(place, runs), '{}') FROM (
    SELECT coalesce(substring(artifact_uri FROM '^s3://[^/]+'), 'files of that machine') AS place, count(*) AS runs
    FROM runs GROUP BY 1 ORDER BY 1) AS places));
