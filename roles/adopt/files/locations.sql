-- Says wherever MLflow keeps it where the artifacts are that moved.sql has found. Which of these columns there are, depends
-- on MLflow's version.
SELECT format(
  'UPDATE %1$I SET %2$I = %4$L || path || substr(%2$I, length(place) + 1) FROM moved WHERE place = ('
  'SELECT place FROM moved WHERE %2$I = place OR starts_with(%2$I, place || ''/'') ORDER BY length(place) DESC LIMIT 1'
  ') %3$s',
  table_name, column_name,
  CASE table_name WHEN 'trace_tags' THEN 'AND key = ''mlflow.artifactLocation''' END,
  :'root')
FROM information_schema.columns
WHERE table_schema = 'public' AND (table_name, column_name) IN (
  ('experiments', 'artifact_location'), ('runs', 'artifact_uri'), ('logged_models', 'artifact_location'),
  ('model_versions', 'source'), ('model_versions', 'storage_location'), ('trace_tags', 'value'))
\gexec
