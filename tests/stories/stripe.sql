-- an invoice's subtotal is the sum of its lines
select i.id from invoices i join invoice_line_items l on l.invoice_id = i.id group by i.id, i.subtotal
having i.subtotal <> sum(l.amount);

-- an invoice adds up, and what is due, less the customer's credit, is paid or remains
from invoices where total <> total_excluding_tax + coalesce(tax, 0)
or amount_due <> total + starting_balance - ending_balance or greatest(starting_balance, ending_balance) > 0
or amount_paid + amount_remaining <> amount_due or paid <> (status = 'paid')
or paid <> (amount_remaining = 0);

-- customer and currency are the same from the subscription to the charge and its refund
from charges c join invoices i on i.id = c.invoice join subscriptions s on s.id = i.subscription
join customers u on u.id = s.customer left join refunds r on r.charge = c.id
where c.customer <> u.id or i.customer <> u.id or c.amount <> i.amount_due
or c.payment_intent <> i.payment_intent or c.receipt_email <> u.email or i.currency <> u.currency
or c.currency <> u.currency or coalesce(r.currency, u.currency) <> u.currency;

-- a paid invoice has one successful charge, the last of its attempts; others have none
select i.id from invoices i join charges c on c.invoice = i.id
group by i.id, i.paid, i.attempt_count, i.status_transitions
having count(*) filter (c.status = 'succeeded') <> cast(i.paid as int) or count(*) <> i.attempt_count
or max(c.created) filter (c.status = 'succeeded') is distinct from i.status_transitions.paid_at
or max(c.created) <> coalesce(i.status_transitions.paid_at, max(c.created));

-- no invoice is paid before it was made, and nothing happens after now
from invoices where status_transitions.paid_at < created or created > epoch(as_of())
or status_transitions.paid_at > epoch(as_of()) or status_transitions.finalized_at not between created and created + 3600;

-- refunds come after their charge and are not more than it; only paid charges have settled ones
select c.id from charges c join refunds r on r.charge = c.id where r.created <= c.created
or r.created > epoch(as_of()) or r.amount > c.amount or (r.status = 'succeeded') <> c.paid
or c.amount_refunded <> case when c.paid then r.amount else 0 end
or c.refunded <> (c.amount_refunded = c.amount);

-- a subscription that ended has ended; past_due ones owe an invoice that was due and active ones don't
select s.id from subscriptions s join invoices i on i.subscription = s.id
group by s.id, s.status, s.ended_at, s.canceled_at
having (s.status = 'canceled') <> (s.ended_at is not null) or (s.ended_at is not null and s.canceled_at is null)
or (s.status in ('past_due', 'unpaid')) <> (count(*) filter (i.status = 'open' and coalesce(i.due_date < epoch(as_of()), true)) > 0);

-- periods follow one another and the present one holds now
from subscriptions where current_period_end <= current_period_start or start_date < (select max(created) from prices)
or (status <> 'canceled' and epoch(as_of()) not between current_period_start and current_period_end);

-- invoice numbers are distinct
select number from invoices group by 1 having count(*) > 1;

-- the customer came before the subscription, and lives where the currency is used
from customers c join subscriptions s on s.customer = c.id where c.created >= s.created
or (c.address.country = 'GB') <> (c.currency = 'gbp') or (c.address.country = 'US') <> (c.currency = 'usd');

-- plans and lines name prices that are there
select s.id from subscriptions s left join prices p on p.id = s.plan.id
where p.id is null or p.product <> s.plan.product or p.unit_amount <> s.plan.amount
union all select l.id from invoice_line_items l left join prices p on p.id = l.price.id
where l.price is not null and p.id is null;

-- plan lines cost quantity times the unit amount
from invoice_line_items where type = 'subscription' and amount <> quantity * price.unit_amount;

-- a credit is used up invoice by invoice, and what is left is the customer's balance
from (select starting_balance, lag(ending_balance) over (partition by customer order by created) as before from invoices)
where starting_balance > before;
