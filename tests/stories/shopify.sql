-- an order's lines add up
select o.id from orders o join order_line_items l on l.order_id = o.id
group by o.id, o.total_line_items_price, o.total_weight
having o.total_line_items_price <> sum(l.price * l.quantity) or o.total_weight <> sum(l.grams * l.quantity);

-- an order's total is lines less discounts, with shipping and tax
from orders where subtotal_price <> total_line_items_price - total_discounts or total_price <> subtotal_price
+ total_tax + cast(shipping_lines->0->>'price' as decimal(8, 2)) or total_discounts < 0
or (total_discounts > 0) <> (json_array_length(discount_codes) = 1);

-- the financial status is what the transactions say
select o.id from orders o join transactions t on t.order_id = o.id
group by o.id, o.financial_status, o.total_price, o.current_total_price
having (o.financial_status in ('refunded', 'partially_refunded')) <> bool_or(t.kind = 'refund')
or (o.financial_status = 'refunded') <> (coalesce(sum(t.amount) filter (t.kind = 'refund'), 0) = o.total_price)
or (o.financial_status not in ('voided', 'authorized', 'pending'))
<> bool_or(t.kind = 'sale' and t.status = 'success')
or (o.financial_status <> 'voided' and o.current_total_price
<> o.total_price - coalesce(sum(t.amount) filter (t.kind = 'refund'), 0));

-- nothing was sent where an order has no fulfillment status, and only such orders are canceled
from orders o left join fulfillments f on f.order_id = o.id
where (o.fulfillment_status is null) <> (f.id is null) or (o.cancelled_at is not null and f.id is not null)
or (o.cancelled_at is not null) <> (o.cancel_reason is not null)
or (o.closed_at is not null) <> coalesce(o.fulfillment_status = 'fulfilled', false);

-- orders, parcels and refunds follow one another, before now
from orders o left join fulfillments f on f.order_id = o.id
left join transactions t on t.order_id = o.id and t.kind = 'refund'
where f.created_at < o.created_at or t.created_at < coalesce(f.created_at, o.cancelled_at)
or o.updated_at < o.created_at or greatest(o.updated_at, f.updated_at, t.created_at) > as_of();

-- ids and order numbers rise with time
from (select created_at, order_number, lag(created_at) over (order by order_number) as before,
lag(id) over (order by order_number) as id_before, id from orders) where created_at < before or id <= id_before;

-- customers count their orders and what they spent, and came before
select c.id from customers c left join (select o.customer_id, count(distinct o.id) as orders,
min(o.created_at) as first_at, sum(case when t.kind = 'refund' then -t.amount
when t.kind = 'sale' and t.status = 'success' then t.amount else 0 end) as spent
from orders o join transactions t on t.order_id = o.id group by 1) o on o.customer_id = c.id
where c.orders_count <> coalesce(o.orders, 0) or c.total_spent <> coalesce(o.spent, 0)
or c.created_at >= o.first_at;

-- lines name their variant's product and price
from order_line_items l join product_variants v on v.id = l.variant_id join products p on p.id = v.product_id
where l.product_id <> p.id or l.title <> p.title or l.price <> v.price or l.sku <> v.sku;

-- stock keeping units are distinct
select sku from product_variants group by 1 having count(*) > 1;

-- an order goes to the customer's address and e-mail
from orders o join customers c on c.id = o.customer_id where o.email <> c.email or o.customer.id <> c.id
or o.shipping_address.zip <> c.default_address.zip or o.shipping_address is null;
