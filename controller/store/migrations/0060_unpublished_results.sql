-- Which stored results have no event yet, so that no crash leaves one out and the broker need not remember events for long.
-- depends: 0059_failed_deliveries

-- migrate: apply

-- The results that one transaction stored, as arrays of the same length: the key of each, the customer (public id) that
-- its event is for, and the number of its event (NULL: it is not known any more). A row is removed when the broker has
-- these events.
CREATE TABLE unpublished_results (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  noted_at timestamptz(3) NOT NULL DEFAULT now(),
  monitor_ids bigint[] NOT NULL,
  due_ats timestamptz[] NOT NULL,
  location_ids int[] NOT NULL,
  purposes check_purpose[] NOT NULL,
  customers uuid[] NOT NULL,
  sequences bigint[] NOT NULL
);

-- migrate: rollback

DROP TABLE unpublished_results;
