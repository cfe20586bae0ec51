"""What stands in the runbook's requirements letter by letter, and is tried as it stands there."""

WHO_MAY_WHAT = """
SELECT u.username, u.email, r.name as role, p.name as permission
FROM cc_user u
JOIN user_roles ur ON u.id = ur.user_id
JOIN roles r ON ur.role_id = r.id
JOIN role_permissions rp ON r.id = rp.role_id
JOIN permissions p ON rp.permission_id = p.id
ORDER BY u.username, r.name;
"""
WHO_IS_INACTIVE = """
SELECT username, email, last_login
FROM cc_user
WHERE last_login < NOW() - INTERVAL '90 days'
  OR last_login IS NULL;
"""
