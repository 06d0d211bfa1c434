-- Statements about attempts to get in.

-- wait: how many seconds until the last of some doors is open again; null where all are.
SELECT ceil(extract(epoch FROM max(d.open_at) - now())) FROM labeling_door d
WHERE d.digest = ANY(%(digests)s) AND d.open_at > now()

-- attempt: count an attempt as one that fails; no row where the door is shut.
-- Counted before the password is looked at: of many at once none slips through.
INSERT INTO labeling_door AS d (digest, failures, last_at, open_at)
VALUES (%(digest)s, 1, now(), now())
ON CONFLICT (digest) DO UPDATE SET
    failures = CASE WHEN d.last_at < now() - interval '1 day' THEN 1 ELSE d.failures + 1 END,
    last_at = now(),
    open_at = CASE
        WHEN d.last_at < now() - interval '1 day' OR d.failures + 1 < %(free)s THEN now()
        ELSE now() + least(%(most)s, %(first)s * 2 ^ least(d.failures + 1 - %(free)s, 20))
                     * interval '1 second'
    END
WHERE d.open_at <= now()
RETURNING d.failures

-- forgive: take back an attempt that did not fail, at doors that others use too.
UPDATE labeling_door SET failures = greatest(failures - 1, 0), open_at = now()
WHERE digest = ANY(%(digests)s)
