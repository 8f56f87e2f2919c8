-- Where artifacts were, and the path where they are to be: below their experiment's number, and their run's. Of an
-- experiment's folder all is moved at once; apart go the runs that are elsewhere.
CREATE TEMPORARY TABLE moved AS
SELECT DISTINCT ON (place) place, path FROM (
  SELECT rtrim(artifact_location, '/') AS place, experiment_id::text AS path, experiment_id FROM experiments
  UNION ALL
  SELECT artifact_uri, concat_ws('/', experiment_id, run_uuid, 'artifacts'), experiment_id
  FROM runs JOIN experiments USING (experiment_id)
  WHERE NOT starts_with(artifact_uri, rtrim(artifact_location, '/') || '/')
) AS known
WHERE starts_with(place, 's3://')
ORDER BY place, experiment_id;
