-- Statements about the browser's sessions and accounts, which every request reads.

-- session: read a session that has not ended.
SELECT s.* FROM labeling_browsersession s
WHERE s.session_key = %(key)s AND s.expire_date > now()

-- account: read an active account.
-- Whoever is deactivated is refused at the next request, though the session goes on.
SELECT u.* FROM labeling_user u WHERE u.id = %(user)s AND u.is_active
