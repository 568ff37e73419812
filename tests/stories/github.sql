-- issues and pull requests share their numbers without gaps, in the order of time
from (select repository, number, created_at, row_number() over w as place, lag(created_at) over w as before
from (select repository, number, created_at from issues union all
select repository, number, created_at from pull_requests) window w as (partition by repository order by number))
where number <> place or created_at < before;

-- merged is closed, and only merged ones have a merge's date and commit
from pull_requests where merged <> (merged_at is not null) or merged <> (merge_commit_sha is not null)
or (merged and merged_at <> closed_at) or (closed_at is not null) <> (state = 'closed')
or closed_at not between created_at and as_of() or (draft and state = 'closed');

-- closed issues alone have a date and a reason
from issues where (closed_at is not null) <> (state = 'closed')
or (state_reason is not null) <> (state = 'closed') or closed_at < created_at or updated_at < created_at;

-- a pull request counts its commits and their lines, and its head is the last of them
select p.id from pull_requests p join commits c on c.pull_request_id = p.id
group by p.id, p.commits, p.additions, p.deletions, p.head
having p.commits <> count(*) or p.additions <> sum(c.additions) or p.deletions <> sum(c.deletions)
or p.head.sha <> arg_max(c.sha, c.created_at);

-- each commit's parent is the one before, the first one's the base
select c.sha from commits c join pull_requests p on p.id = c.pull_request_id
left join commits b on b.sha = c.parents[1] where (b.sha is null) <> (c.parents[1] = p.base.sha)
or b.pull_request_id <> c.pull_request_id or b.created_at > c.created_at or c.author_id <> p.user_id;

-- shas are distinct
select sha from commits group by 1 having count(*) > 1;

-- authors only comment on their own; the last review of a merged one approves it, unless it is the author's
select r.id from reviews r join pull_requests p on p.id = r.pull_request_id
where (r.user_id = p.user_id and r.state <> 'COMMENTED') or (r.state = 'APPROVED' and not p.merged)
or r.submitted_at not between p.created_at and p.updated_at or r.commit_id <> p.head.sha;

-- a repository counts what is open, and was there before
select r.id from repositories r join (select repository, state, created_at from issues union all
select repository, state, created_at from pull_requests) i on i.repository = r.full_name
group by r.id, r.open_issues_count, r.created_at
having r.open_issues_count <> count(*) filter (i.state = 'open') or r.created_at > min(i.created_at);

-- an issue counts its comments, which come between its creation and its last change
select i.id from issues i left join comments c on c.issue_id = i.id
group by i.id, i.comments, i.created_at, i.updated_at
having i.comments <> count(c.id) or min(c.created_at) < i.created_at or max(c.created_at) > i.updated_at;

-- logins are distinct and in GitHub's form
from users where not regexp_full_match(login, '[a-z0-9-]{1,39}');
