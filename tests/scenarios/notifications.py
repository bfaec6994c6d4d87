"""Messages that can be told apart, and how often each of them arrived."""

from tests.bundle import Bundle
from tests.waiting import wait_until

# A company and a person of their own: nobody else gets these messages.
_SCHEDULE = """
INSERT INTO users (id, email, full_name)
VALUES (gen_random_uuid(), 'contadora@empresa.example', 'Contadora') ON CONFLICT DO NOTHING;
INSERT INTO companies (id, rut, business_name, is_active)
VALUES (gen_random_uuid(), '76000000-0', 'Avisos', false) ON CONFLICT DO NOTHING;
INSERT INTO memberships (user_id, company_id)
SELECT users.id, companies.id FROM users, companies
WHERE users.email = 'contadora@empresa.example' AND companies.rut = '76000000-0'
ON CONFLICT DO NOTHING;
INSERT INTO notification_templates (code, subject, body, whatsapp_parameters)
VALUES ('numbered', '{{{{ label }}}} {{{{ number }}}}', 'Aviso {{{{ number }}}}.', '[]')
ON CONFLICT DO NOTHING;
INSERT INTO scheduled_notifications
    (id, dedupe_key, company_id, template_code, context, scheduled_for)
SELECT gen_random_uuid(), '{label}:' || n, (SELECT id FROM companies WHERE rut = '76000000-0'),
    'numbered', jsonb_build_object('label', '{label}', 'number', n), now()
FROM generate_series(1, {count}) AS n;
"""


def schedule_notifications(bundle: Bundle, label: str, count: int) -> None:
    """Makes `count` notifications due now; their mails' subjects are '<label> 1' and so on."""
    bundle.change(_SCHEDULE.format(label=label, count=count))


def assert_each_arrived_once(bundle: Bundle, label: str, count: int) -> None:
    """None is left to send, and the simulator's mail server took each of them once."""
    left = (
        f"SELECT id FROM scheduled_notifications WHERE dedupe_key LIKE '{label}:%'"
        " AND status IN ('pending', 'processing')"
    )
    wait_until(lambda: bundle.query(left) == [], what=f"all of {label} are sent", every=0.5)
    subjects = [message["subject"] for message in bundle.simulator.get("messages").json()]
    arrived = [subject for subject in subjects if subject.startswith(f"{label} ")]
    assert sorted(arrived) == sorted(f"{label} {number}" for number in range(1, count + 1))
