-- Statements of the broker that is a table: each runs alone, in a transaction of its own.

-- put: leave a message and wake who waits for its queue.
WITH left_here AS (
  INSERT INTO config_doorbell (queue, message) VALUES (%(queue)s, %(message)s)
)
SELECT pg_notify(%(channel)s, '')

-- take: take the oldest message of a queue that nobody else is taking.
DELETE FROM config_doorbell WHERE id = (
  SELECT id FROM config_doorbell WHERE queue = %(queue)s
  ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
)
RETURNING message

-- size: count the messages of a queue.
SELECT count(*) FROM config_doorbell WHERE queue = %(queue)s

-- purge: throw the messages of a queue away.
DELETE FROM config_doorbell WHERE queue = %(queue)s

-- look: fail where the table is not there.
SELECT id FROM config_doorbell LIMIT 1
