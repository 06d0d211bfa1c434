-- Statements about members.

-- membership: read a person's membership with its project.
SELECT m.*, p.* FROM labeling_membership m
JOIN labeling_project p ON p.id = m.project_id
WHERE m.user_id = %(user)s AND p.slug = %(slug)s
