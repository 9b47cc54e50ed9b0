-- Leaving the digests of a channel by the link of a mail.
-- depends: 0052_digests

-- migrate: apply

-- Addresses that get no digests of a channel any more, in lower case.
CREATE TABLE digest_unsubscription (
  channel_id bigint NOT NULL REFERENCES notification_channel (id) ON DELETE CASCADE,
  receiver text NOT NULL,
  at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (channel_id, receiver)
);

-- What the link of one attempt to send a digest allows: that its receiver gets no more of them.
-- digest: the SHA-256 of the token.
CREATE TABLE unsubscribe_token (
  digest bytea PRIMARY KEY,
  channel_id bigint NOT NULL REFERENCES notification_channel (id) ON DELETE CASCADE,
  receiver text NOT NULL,
  expires_at timestamptz(3) NOT NULL
);

CREATE INDEX unsubscribe_token_channel ON unsubscribe_token (channel_id);
CREATE INDEX unsubscribe_token_expires_at ON unsubscribe_token (expires_at);

-- migrate: rollback

DROP TABLE unsubscribe_token;
DROP TABLE digest_unsubscription;
