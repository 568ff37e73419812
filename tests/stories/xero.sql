-- an invoice is the sum of its lines and their tax
select i.InvoiceID from invoices i join line_items l using (InvoiceID)
group by i.InvoiceID, i.SubTotal, i.TotalTax, i.Total
having i.SubTotal <> sum(l.LineAmount) or i.TotalTax <> sum(l.TaxAmount) or i.Total <> i.SubTotal + i.TotalTax;

-- what was paid and credited are the payments and credit notes
select i.InvoiceID from invoices i left join payments p using (InvoiceID)
left join credit_notes c using (InvoiceID)
where i.AmountPaid <> coalesce(p.Amount, 0) or i.AmountCredited <> coalesce(c.Total, 0)
or p.Amount <= 0 or c.Total <= 0;

-- paid invoices owe nothing and say when, others don't
from invoices where (Status = 'PAID') <> (FullyPaidOnDate is not null) or (Status = 'PAID' and AmountDue <> 0)
or (Status in ('AUTHORISED', 'DRAFT', 'SUBMITTED') and AmountDue <= 0)
or (Status in ('DRAFT', 'SUBMITTED', 'VOIDED', 'DELETED') and AmountPaid + AmountCredited > 0)
or FullyPaidOnDate < Date;

-- no payment before its invoice nor after now
select p.PaymentID from payments p join invoices i using (InvoiceID)
where p.Date < i.Date or p.Date >= cast(as_of() as date);

-- the tax is that of the rate
from line_items l left join tax_rates t using (TaxType) where t.TaxType is null
or l.TaxAmount <> cast(round(l.LineAmount * t.EffectiveRate / 100, 2) as decimal(14, 2));

-- every line has an account
from line_items l left join accounts a on a.Code = l.AccountCode where a.Code is null;

-- sales go to customers and bills come from suppliers, in the contact's currency
from invoices i join contacts c using (ContactID) where (i.Type = 'ACCREC') <> c.IsCustomer
or i.CurrencyCode <> c.DefaultCurrency or i.Contact.Name <> c.Name or (i.CurrencyCode = 'GBP') <> (CurrencyRate = 1);

-- the numbers of sales are distinct and tell their month
select InvoiceNumber from invoices where Type = 'ACCREC' group by 1
having count(*) > 1 or min(Date) <> max(Date) or substr(InvoiceNumber, 5, 4) <> strftime(min(Date), '%y%m');

-- balances are what the invoices owe
select c.ContactID from contacts c join invoices i using (ContactID) where i.Type = 'ACCREC'
group by c.ContactID, c.Balances having c.Balances.AccountsReceivable.Outstanding <> sum(i.AmountDue);
