-- Labels of the custom properties that AlertSite's clients gave a name and a value.
-- depends: 0033_sign_on

-- migrate: apply

-- The properties stay stored with their ids, so that an earlier controller still shows them; labelled_properties are the
-- ids of those whose value is now the label's.
WITH property AS (
  SELECT monitor.id AS monitor_id, place, item ->> 'id' AS id, item ->> 'name' AS name, item ->> 'value' AS value
  FROM monitor
  CROSS JOIN LATERAL json_array_elements(
    CASE json_typeof(alertsite -> 'custom_properties') WHEN 'array' THEN alertsite -> 'custom_properties' END
  ) WITH ORDINALITY AS listed (item, place)
), fit AS (
  SELECT DISTINCT ON (property.monitor_id, property.name) property.*
  FROM property JOIN monitor ON monitor.id = property.monitor_id
  WHERE char_length(property.name) BETWEEN 1 AND 50 AND property.name !~ '[:\u0001-\u001f\u007f-\u009f]'
    AND char_length(property.value) BETWEEN 1 AND 100 AND property.value !~ '[\u0001-\u001f\u007f-\u009f]'
    AND NOT monitor.labels ? property.name
  ORDER BY property.monitor_id, property.name, property.place
), numbered AS (
  SELECT fit.*, row_number() OVER (PARTITION BY monitor_id ORDER BY place) AS number FROM fit
), added AS (
  SELECT monitor_id, jsonb_object_agg(numbered.name, value) AS labels,
    jsonb_agg(numbered.id ORDER BY numbered.id COLLATE "C") AS ids
  FROM numbered JOIN monitor ON monitor.id = monitor_id
  WHERE number <= 32 - (SELECT count(*) FROM jsonb_object_keys(monitor.labels))
  GROUP BY monitor_id
)
UPDATE monitor SET
  labels = monitor.labels || added.labels,
  alertsite = (alertsite::jsonb || jsonb_build_object('labelled_properties', added.ids))::json
FROM added WHERE monitor.id = added.monitor_id;

-- migrate: rollback

UPDATE monitor SET alertsite = (alertsite::jsonb - 'labelled_properties')::json
WHERE alertsite::jsonb ? 'labelled_properties';
