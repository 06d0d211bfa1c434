-- Statements about who calls.

-- owner: read whose token it is, with the membership in the project of the call.
-- All by one query, as every call of a program asks it. Outer joins: a call may be about
-- no project, about one that is not there, or about one of others.
SELECT t.*, u.*, m.*, p.* FROM labeling_apitoken t
JOIN labeling_user u ON u.id = t.user_id
LEFT JOIN labeling_project p ON p.slug = %(slug)s
LEFT JOIN labeling_membership m ON m.user_id = u.id AND m.project_id = p.id
WHERE t.digest = %(digest)s AND u.is_active
      AND (t.expires_at IS NULL OR t.expires_at > now())
