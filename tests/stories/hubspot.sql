-- a deal's amount is the sum of its line items
select d.id from deals d join line_items l on l.deal_id = d.id group by d.id, d.properties_amount
having d.properties_amount <> sum(l.properties_amount);

-- a line item costs price times quantity less the discount
from line_items where properties_amount <> cast(round(properties_price * properties_quantity
* (100 - properties_hs_discount_percentage) / 100, 2) as decimal(14, 2));

-- a deal's contact and its owner are those of its company, and came before it
from deals d join contacts c on c.id = d.contacts[1]
where c.properties_associatedcompanyid <> d.properties_hs_primary_associated_company
or c.createdAt > d.createdAt or d.companies[1] <> d.properties_hs_primary_associated_company;

-- closed is what the stage says, and only won and lost deals have dates of it
from deals where properties_hs_is_closed <> (properties_dealstage in ('closedwon', 'closedlost'))
or (properties_hs_date_entered_closedwon is not null) <> (properties_dealstage = 'closedwon')
or (properties_hs_date_entered_closedlost is not null) <> (properties_dealstage = 'closedlost')
or (properties_closed_lost_reason is not null and properties_dealstage <> 'closedlost')
or (properties_days_to_close is null) = properties_hs_is_closed;

-- the stage's probability is the pipeline's
with stages as (select unnest(cast(stages as json[])) as stage from deal_pipelines)
from deals d left join stages s on s.stage->>'stageId' = d.properties_dealstage
where s.stage is null or cast(s.stage->'metadata'->>'probability' as double)
<> d.properties_hs_deal_stage_probability;

-- closed deals were closed between their creation and now
from deals where properties_hs_is_closed
and (properties_closedate <= createdAt or properties_closedate > as_of());

-- customers are the companies with a won deal, and their revenue is that of these deals
select c.id from companies c left join deals d on d.properties_hs_primary_associated_company = c.id
group by c.id, c.properties_lifecyclestage, c.properties_total_revenue
having (c.properties_lifecyclestage = 'customer') <> coalesce(bool_or(d.properties_hs_is_closed_won), false)
or c.properties_total_revenue <> coalesce(sum(d.properties_hs_closed_amount), 0);

-- existing business only comes after a won deal
from deals d where properties_dealtype = 'existingbusiness' and not exists (from deals w
where w.properties_hs_primary_associated_company = d.properties_hs_primary_associated_company
and w.properties_hs_is_closed_won and w.properties_closedate < d.createdAt);

-- work e-mails are at the company's domain
from contacts c join companies o on o.id = c.properties_associatedcompanyid
where split_part(properties_email, '@', 2) not in (o.properties_domain, 'inbox.example', 'postbox.example',
'quickmail.example', 'webmail.example', 'mailhub.example');

-- e-mails are distinct
select properties_email from contacts group by 1 having count(properties_email) > 1;

-- closed tickets alone have a closing date, after their creation
from tickets where (properties_closed_date is not null) <> (properties_hs_pipeline_stage = '4')
or properties_closed_date < createdAt or properties_first_agent_reply_date not between createdAt
and properties_closed_date or coalesce(properties_closed_date, createdAt) > as_of();

-- a ticket's contact works at its company, and was known before
from tickets t join contacts c on c.id = t.contacts[1]
where c.properties_associatedcompanyid <> t.properties_hs_primary_associated_company or c.createdAt > t.createdAt;
