-- The audit log: who changed what, when and from where.
-- depends: 0016_accounts_apart

-- migrate: apply

-- Kept 400 days. Ids and names are those of that moment, without foreign keys: an entry outlives what it is about.
-- organization_id is null for what belongs to the installation. Secrets are never in before and after.
CREATE TABLE audit (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
  organization_id bigint,
  actor_kind text NOT NULL,
  actor_id text,
  actor_name text,
  session uuid,
  address text,
  action text NOT NULL,
  object_kind text NOT NULL,
  object_id text,
  object_name text,
  before json,
  after json
);

CREATE INDEX audit_at ON audit (at, id);
CREATE INDEX audit_organization ON audit (organization_id, at, id);

-- Refuses every change of an entry, and the removal of one that is to be kept. It binds the owner of the table, too,
-- for as long as the triggers are there.
CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' AND OLD.at < now() - interval '400 days' THEN
    RETURN OLD;
  END IF;
  RAISE EXCEPTION 'the audit log is append-only: % is refused', TG_OP USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON audit FOR EACH ROW EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_not_emptied BEFORE TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();

-- Removes what is older than 400 days, with the rights of its owner, so that it also works where the product's role may
-- only read and insert.
CREATE FUNCTION audit_forget_old() RETURNS void LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$ DELETE FROM public.audit WHERE at < now() - interval '400 days' $$;

-- migrate: rollback

DROP FUNCTION audit_forget_old();
DROP TABLE audit;
DROP FUNCTION audit_refuse();
