select
    stock.id as shelf_id,
    stock.amount as amount
from silver.stock as stock
where stock.is_active
