-- Until when a session may choose a password without the current one: somebody logged in with a login link.
-- depends: 0020_machine_tokens

-- migrate: apply

ALTER TABLE session ADD COLUMN may_choose_password_until timestamptz(3);

-- migrate: rollback

ALTER TABLE session DROP COLUMN may_choose_password_until;
