with amounts as (
    select
        1 as company,
        count(*) as items,
        sum(amount) as amount
    from silver.items
    where is_active
),

lines as (
    select
        1 as company,
        count(*) as journal_lines
    from silver.journal
    where is_active
)

select
    amounts.company,
    amounts.items,
    amounts.amount,
    lines.journal_lines
from amounts
inner join lines on amounts.company = lines.company
