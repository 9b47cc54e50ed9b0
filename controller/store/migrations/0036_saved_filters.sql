-- Filters of the overview that somebody saved, and an index for the deliveries of a channel.
-- depends: 0035_list_of_monitors

-- migrate: apply

-- query is that of the overview's address. account_id: whose it is; null: the organization's, for all its people.
-- customer_id: the customer that the query names, if it names one, so that others who are limited do not see it.
CREATE TABLE saved_filter (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  public_id uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
  organization_id bigint NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
  account_id bigint REFERENCES account (id) ON DELETE CASCADE,
  customer_id bigint REFERENCES customer (id) ON DELETE CASCADE,
  name text NOT NULL,
  query text NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  updated_at timestamptz(3) NOT NULL DEFAULT now()
);

CREATE UNIQUE INDEX saved_filter_name ON saved_filter (organization_id, COALESCE(account_id, 0), lower(name));
CREATE INDEX saved_filter_account ON saved_filter (account_id);
CREATE INDEX saved_filter_customer ON saved_filter (customer_id);

CREATE INDEX delivery_channel ON delivery (channel_id, id) WHERE channel_id IS NOT NULL;

-- migrate: rollback

DROP INDEX delivery_channel;
DROP TABLE saved_filter;
