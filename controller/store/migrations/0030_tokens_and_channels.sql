-- Scopes of API tokens, and public ids of tokens and notification channels.
-- depends: 0029_answered_requests

-- migrate: apply

-- A token without a scope has the rights that tokens had before: an organization's those of an admin, a customer's those
-- of its users. An earlier controller adds such tokens.
ALTER TABLE api_token
  ADD COLUMN public_id uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE,
  ADD COLUMN scope text CHECK (scope IN ('read', 'write', 'admin'));

UPDATE api_token SET scope = 'read' WHERE kept_by IS NOT NULL;

ALTER TABLE notification_channel
  ADD COLUMN public_id uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE;

-- migrate: rollback

-- An earlier controller would give a token more rights than its scope.
DELETE FROM api_token
WHERE scope IS NOT NULL AND scope <> CASE WHEN customer_id IS NULL THEN 'admin' ELSE 'write' END;
ALTER TABLE notification_channel DROP COLUMN public_id;
ALTER TABLE api_token DROP COLUMN scope, DROP COLUMN public_id;
