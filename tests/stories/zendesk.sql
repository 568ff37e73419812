-- solved tickets alone have a time of it, after the first reply
from tickets t join ticket_metrics m on m.ticket_id = t.id
where (m.solved_at is not null) <> (t.status in ('solved', 'closed')) or m.solved_at < t.created_at
or m.solved_at > as_of() or m.reply_time_in_minutes.calendar > m.full_resolution_time_in_minutes.calendar
or m.first_resolution_time_in_minutes.calendar > m.full_resolution_time_in_minutes.calendar;

-- closed tickets were solved four days before, solved ones since
from tickets t join ticket_metrics m on m.ticket_id = t.id
where (t.status = 'closed' and t.updated_at <> m.solved_at + interval 4 days)
or (t.status = 'solved' and m.solved_at < as_of() - interval 4 days) or t.updated_at > as_of();

-- the metrics agree with the comments
select m.id from ticket_metrics m join ticket_comments c on c.ticket_id = m.ticket_id
join tickets t on t.id = m.ticket_id group by m.id, m.replies, m.latest_comment_added_at,
m.reply_time_in_minutes, t.created_at
having m.latest_comment_added_at <> max(c.created_at)
or m.replies <> count(*) filter (c.public and c.via.channel = 'web' and c.body like 'Hi %' and c.created_at
> t.created_at)
or m.reply_time_in_minutes.calendar * 60 > coalesce(epoch(min(c.created_at)
filter (c.created_at > t.created_at)), 0) - epoch(t.created_at);

-- a ticket begins with the requester's text
from tickets t where not exists (from ticket_comments c where c.ticket_id = t.id
and c.created_at = t.created_at and c.author_id = t.requester_id and c.body = t.description);

-- no comment before its ticket nor after its last change
from ticket_comments c join tickets t on t.id = c.ticket_id
where c.created_at < t.created_at or c.created_at > t.updated_at;

-- assignees are agents; new tickets have none
from tickets t left join users u on u.id = t.assignee_id
where (t.status = 'new') <> (u.id is null) or u.role = 'end-user';

-- the requester's organization is the ticket's, both older than it
from tickets t join users u on u.id = t.requester_id left join organizations o on o.id = u.organization_id
where t.organization_id is distinct from u.organization_id or u.created_at > t.created_at
or o.created_at > u.created_at or (u.role = 'end-user') <> (o.id is not null);

-- e-mails are at the organization's domain
from users u join organizations o on o.id = u.organization_id
where split_part(u.email, '@', 2) <> o.domain_names[1];

-- ratings are of solved tickets, and bad ones alone have a reason
from satisfaction_ratings r join tickets t on t.id = r.ticket_id join ticket_metrics m on m.ticket_id = t.id
where m.solved_at is null or r.created_at < m.solved_at or (r.reason is not null) <> (r.score = 'bad')
or t.satisfaction_rating->>'score' <> r.score or r.requester_id <> t.requester_id;

-- ticket ids rise with time
from (select created_at, lag(created_at) over (order by id) as before from tickets) where created_at < before;
