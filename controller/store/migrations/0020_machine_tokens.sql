-- Tokens that a program on a machine keeps for itself: they read the locations and no customer's data.
-- depends: 0019_lanes

-- migrate: apply

-- Who keeps the token, as host:file; NULL: it was given to somebody.
ALTER TABLE api_token ADD COLUMN kept_by text UNIQUE;

-- migrate: rollback

-- To an older controller they would be tokens of the organization, with an admin's rights.
DELETE FROM api_token WHERE kept_by IS NOT NULL;
ALTER TABLE api_token DROP COLUMN kept_by;
