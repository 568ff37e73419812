-- an opportunity's amount is the sum of its line items
select o.Id from Opportunity o join OpportunityLineItem l on l.OpportunityId = o.Id group by o.Id, o.Amount
having o.Amount <> sum(l.TotalPrice);

-- closed and won are what the stage says; open stages have a chance in between
from Opportunity where IsClosed <> (StageName in ('Closed Won', 'Closed Lost'))
or IsWon <> (StageName = 'Closed Won') or (Probability in (0, 100)) <> IsClosed;

-- closed opportunities were closed between their creation and now
from Opportunity where IsClosed and (CloseDate < cast(CreatedDate as date) or CloseDate > cast(as_of() as date));

-- an opportunity's and a case's contact is at its account, and came before
select o.Id from Opportunity o join Contact c on c.Id = o.ContactId
where c.AccountId <> o.AccountId or c.CreatedDate > o.CreatedDate
union all select k.Id from "Case" k join Contact c on c.Id = k.ContactId
where c.AccountId <> k.AccountId or c.CreatedDate > k.CreatedDate;

-- a converted lead is the contact it names
from Lead l left join Contact c on c.Id = l.ConvertedContactId left join Account a on a.Id = c.AccountId
where l.IsConverted <> (c.Id is not null) or l.IsConverted <> (l.Status = 'Closed - Converted')
or l.Name <> c.Name or l.Company <> a.Name or l.ConvertedAccountId <> a.Id or l.CreatedDate > c.CreatedDate;

-- a converted lead's opportunity is at its account, and came later
from Lead l join Opportunity o on o.Id = l.ConvertedOpportunityId
where o.AccountId <> l.ConvertedAccountId or cast(o.CreatedDate as date) < l.ConvertedDate;

-- every case that is closed has a date of it, and no other
from "Case" where (ClosedDate is not null) <> IsClosed or (Status = 'Closed') <> IsClosed
or ClosedDate < CreatedDate;

-- case numbers rise with time
from (select CreatedDate, lag(CreatedDate) over (order by CaseNumber) as before from "Case")
where CreatedDate < before;

-- customers are the accounts with a won opportunity
select a.Id from Account a left join Opportunity o on o.AccountId = a.Id group by a.Id, a.Type
having coalesce(a.Type like 'Customer%', false) <> coalesce(bool_or(o.IsWon), false);
